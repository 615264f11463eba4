/** Draws charts one after another, so that the page stays smooth when many of them change or come to the screen at once. */

/** How much of a frame drawing may take before the next chart waits for the next frame, in milliseconds. */
const budgetMillis = 6;
const waiting = new Set<() => void>();
let isRequested = false;

/** Draws in this frame or a later one. Returns a function that cancels it. */
export function drawSoon(draw: () => void): () => void {
  waiting.add(draw);
  request();
  return () => void waiting.delete(draw);
}

function request(): void {
  if (isRequested || waiting.size === 0) return;
  isRequested = true;
  requestAnimationFrame(drawSome);
}

function drawSome(): void {
  isRequested = false;
  const end = performance.now() + budgetMillis;
  for (const draw of waiting) {
    waiting.delete(draw);
    try {
      draw();
    } finally {
      request();
    }
    if (performance.now() > end) return;
  }
}
