import type { Settings } from '../../src/sandbox/settings.ts'

/** Longer than any drill takes. */
export const GRACE_SECONDS = 1_800

/** What an operator who knows how Samsung rotates writes into `samsung_account`. */
export function rotationConfig(rotation: Settings['rotation']): Readonly<Record<string, unknown>> {
  switch (rotation) {
    case 'none':
      return { rotation: 'none' }
    case 'grace':
      return { rotation: 'rotate', rotation_grace: `${GRACE_SECONDS}s`, reuse_revokes: false }
    case 'rotate':
      return { rotation: 'rotate', reuse_revokes: false }
    case 'reuse_revokes':
      return { rotation: 'rotate', reuse_revokes: true }
  }
}
