/**
 * ONNX Runtime 1.30 makes an identity for the machine (`~/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid`) and
 * sends what it is used for to its makers, unless ORT_DISABLE_TELEMETRY is set when its first session is created.
 * Training tells nobody. To be called on the main thread: in a worker `process.env` is a copy that libraries do not see.
 */
export function disableTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
