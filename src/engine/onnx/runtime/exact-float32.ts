/**
 * Lets NVIDIA's libraries compute float32 in float32. By default, the convolutions and matrix products of ONNX Runtime on CUDA round their
 * operands to TF32, which has a mantissa of 10 bits: on an H200, gradients of the tutorial's network then differ by up to 7% from
 * those of float64, and values by 0.2%. With NVIDIA_TF32_OVERRIDE=1 in the environment, TF32 remains.
 *
 * The libraries read the variable when they are loaded. Call this function on the main thread before that, because in a worker
 * `process.env` is a copy that native libraries do not see.
 */
export function requireExactFloat32(): void {
  process.env['NVIDIA_TF32_OVERRIDE'] ??= '0';
}
