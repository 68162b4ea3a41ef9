import type { KeyObject } from 'node:crypto'
import type { Context } from '../context.ts'
import { registerKey } from '../keys.ts'
import { badlyMade } from './jwt.ts'

/**
 * Finds a registered public key by the text that names it.
 *
 * @throws KnoxRefusal when it is unknown, or control says that registered ones are refused too
 */
export function registeredKey({ registration, state }: Context, name: string): KeyObject {
  const { publicKeys, publicKeyAccepted } = state.settings
  const known = publicKeys?.map(registerKey) ?? registration.knox.publicKeys
  const found = known.find(({ names }) => names.includes(name))
  if (found === undefined || !publicKeyAccepted) throw badlyMade('the public key is not registered')
  return found.key
}
