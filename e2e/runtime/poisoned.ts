// Imported first, so that modules of libraries are poisoned already while they load.
import { poison } from '../../engine/session/poison.ts';

poison(globalThis as unknown as Record<string, unknown>);
