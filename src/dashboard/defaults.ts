/** The default port of the dashboard, the one after TensorBoard's. */
export const defaultPort = 6007;
