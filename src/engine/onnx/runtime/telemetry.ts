/**
 * Disables the telemetry of ONNX Runtime. Version 1.30 creates a machine ID
 * (`~/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid`) and sends telemetry to Microsoft, unless ORT_DISABLE_TELEMETRY
 * is set when the first session is created. Call this function on the main thread, because in a worker `process.env` is
 * a copy that native libraries do not see.
 */
export function disableTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
