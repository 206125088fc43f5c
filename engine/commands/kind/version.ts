/** The version of kind whose words these are; its node image here is the one that the recorded cluster ran. */
export const VERSION = '0.27.0';

/** What `kind version` prints. */
export const DISPLAY_VERSION = `kind v${VERSION} go1.23.6 linux/amd64`;
