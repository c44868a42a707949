// What this browser captures, and how it is encoded.

/** Layers of a camera's simulcast, from the lowest to the highest. */
const LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];
const SCREEN_BITRATE = 2_500_000;

/** A track, what it is of, and its encodings. */
export async function camera() {
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video });
  const track = stream.getVideoTracks()[0];
  track.contentHint = "motion";
  return { track, source: "camera", encodings: LAYERS.map((layer) => ({ ...layer })) };
}

export async function microphone() {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  return { track: stream.getAudioTracks()[0], source: "microphone", encodings: undefined };
}

/** The screen, or a window: the browser asks which. */
export async function screen() {
  const video = { frameRate: { ideal: 15, max: 30 } };
  const stream = await navigator.mediaDevices.getDisplayMedia({ video, audio: false });
  const track = stream.getVideoTracks()[0];
  track.contentHint = "detail";
  return { track, source: "screen_share", encodings: [{ maxBitrate: SCREEN_BITRATE }] };
}
