import type { KeyObject } from 'node:crypto'
import type { Context } from '../context.ts'
import { badlyMade } from './jwt.ts'

/**
 * Finds a registered public key by the text that names it.
 *
 * @throws KnoxRefusal when it is unknown, or control says that registered ones are refused too
 */
export function registeredKey({ registration, state }: Context, name: string): KeyObject {
  const found = registration.knox.publicKeys.find(({ names }) => names.includes(name))
  if (found === undefined || !state.settings.publicKeyAccepted)
    throw badlyMade('the public key is not registered')
  return found.key
}
