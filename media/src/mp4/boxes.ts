/**
 * Writing boxes: `box("mdia", mdhd, hdlr, minf)`, fields in the order in which the specification lists them.
 *
 * @see ISO/IEC 14496-12, 4.2
 */

export type Field = Uint8Array | string | readonly Field[];

/** A string is written as its Latin characters, without an end. */
export function bytes(...fields: readonly Field[]): Uint8Array {
  const out = new Uint8Array(sizeOf(fields));
  write(out, 0, fields);
  return out;
}

export function box(type: string, ...fields: readonly Field[]): Uint8Array {
  return bytes(u32(8 + sizeOf(fields)), type, fields);
}

export function fullBox(type: string, version: number, flags: number, ...fields: readonly Field[]): Uint8Array {
  return box(type, u32(version * 2 ** 24 + flags), fields);
}

export function u8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [i, value] of values.entries()) view.setUint16(2 * i, value);
  return new Uint8Array(view.buffer);
}

/** @throws RangeError where a value needs more: a file that lies about its times or offsets is worse than none */
export function u32s(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) {
    if (!(0 <= value && value <= 0xffff_ffff)) throw new RangeError(`${value} does not fit 32 bits`);
    view.setUint32(4 * i, value);
  }
  return new Uint8Array(view.buffer);
}

export function u32(...values: readonly number[]): Uint8Array {
  return u32s(values);
}

export function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

/** The unity matrix of `mvhd` and `tkhd`. */
export const unityMatrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

export function sizeOf(fields: readonly Field[]): number {
  let size = 0;
  for (const field of fields)
    size += field instanceof Uint8Array || typeof field === "string" ? field.length : sizeOf(field);
  return size;
}

function write(out: Uint8Array, from: number, fields: readonly Field[]): number {
  let at = from;
  for (const field of fields) {
    if (field instanceof Uint8Array) {
      out.set(field, at);
      at += field.length;
    } else if (typeof field === "string") {
      for (let i = 0; i < field.length; i++) out[at++] = field.charCodeAt(i);
    } else {
      at = write(out, at, field);
    }
  }
  return at;
}
