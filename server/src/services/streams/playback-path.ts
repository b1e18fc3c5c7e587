/** Whether it lies below the URL of a playback session. */
export function isPlaybackPath(path: string): boolean {
  return /^\/(hls|dash)\/v1\/get/.test(path);
}
