// Runs before every test file: a sandbox loads what it needs, and tests of its parts have no sandbox.
import { loadParts } from '../session/parts.ts';

await loadParts();
