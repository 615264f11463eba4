/** The default port of the dashboard, the one after TensorBoard's. */
export const defaultPort = 6007;

/** The priority of the process that serves the page beside a training run: low, so that viewers do not slow the training. */
export const lowPriority = 10;
