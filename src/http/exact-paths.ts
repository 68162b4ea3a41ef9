/**
 * Options of every router: paths are what the documentation says, letter by letter. A router does not
 * take these over from its application, and without them `/V1/Connections/` would be a second name.
 */
export const EXACT_PATHS = { caseSensitive: true, strict: true } as const
