/** Takes a scope text apart (RFC 6749 §3.3). */
export const splitScope = (scope: string): readonly string[] =>
  scope.split(' ').filter((one) => one !== '')

/**
 * Tells whether scopes permit what another scope stands for: `kme` permits `kme.devices:view`, and
 * so does `kme.devices:manage` (protocol.md 7.6; that wider ones permit narrower ones is assumed).
 */
export const permits = (granted: readonly string[], needed: string): boolean =>
  granted.some(
    (scope) =>
      needed === scope ||
      needed.startsWith(`${scope}.`) ||
      needed.startsWith(`${scope}:`) ||
      needed === scope.replace(/:manage$/, ':view'),
  )
