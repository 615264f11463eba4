/** A session that computes nothing, for tests of the code that takes steps. */
import assert from 'node:assert/strict';
import type { Session } from '../engine/engine.ts';

/** Returns a session without variables.
 * @param step takes the place of `Session.step` */
export function idleSession(step: Session['step']): Session {
  return {
    step,
    write: async () => undefined,
    read: async () => new Map(),
    recover: async () => assert.fail(),
    profile: async () => [],
    placement: async () => [],
    release: async () => undefined,
  };
}
