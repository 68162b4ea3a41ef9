/** The same object type without `undefined` in its members. */
type Whole<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> }

/** Returns an object if none of its members is `undefined`. */
export function whole<T extends object>(parts: T): Whole<T> | undefined {
  // The condition is what the type says.
  return Object.values(parts).includes(undefined) ? undefined : (parts as Whole<T>)
}

/** Freezes plain objects and arrays all the way down; instances of classes are left alone. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
