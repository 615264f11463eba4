/** The layer of a part of a step, which profiles and placements are grouped by. */

/** Names the layer of a node or a part of a step from its path: `gradients/conv2/Conv2D_grad/…` → `conv2 backward`, `train/…` → `update`,
 * `conv2/L2Loss` → `weight decay`. */
export function layerOf(name: string): string {
  const [first = '', second = ''] = name.split('/');
  if (/\bL2Loss\b|weight_loss/.test(name)) return 'weight decay';
  if (first === 'gradients') return `${layerName(second)} backward`;
  if (first === 'train' || /\/ExponentialMovingAverage|\/avg\b/.test(name)) return 'update';
  return layerName(first);
}

/** Removes the suffix `_grad`, which the name of a gradient has if the operator is not in a scope. */
function layerName(scope: string): string {
  return scope.replace(/_grad$/, '').replace(/^cross_entropy.*/, 'loss');
}
