/**
 * Memory back to the allocator at once, not with some later garbage collection. What comes next then gets the same pages,
 * still in the processor's cache, where fresh ones must be cleared by the kernel first: that costs several times what
 * AES-GCM does with them. The collector, which is driven by the sum of such memory, has less to do as well.
 */

/** Only for who alone knows of `bytes`, which are empty afterwards. Leaves alone what is a part of something larger. */
export function freeNow({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (byteLength === buffer.byteLength) buffer.transfer(0);
}
