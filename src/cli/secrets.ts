import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { newSecretValue } from '../shared/ids.ts'
import type { Io } from './io.ts'

/** `secrets create`: prints lines for the environment with fresh random secrets. */
export function secretsCommand({ out }: Io): Command {
  const command = new Command('secrets').description('secrets of the process')
  command
    .command('create')
    .description(
      'make VAULT_KEYS, API_KEY_PEPPER and ADMIN_TOKEN; prints lines for the environment',
    )
    .action(() => out(createSecrets()))
  return command
}

/** The `kid` is random, so that a key made later can stand beside this one in the ring. */
function createSecrets(): string {
  const kid = `k${randomBytes(4).toString('hex')}`
  return [
    `VAULT_KEYS=${kid}:${randomBytes(32).toString('base64')}`,
    `API_KEY_PEPPER=${newSecretValue()}`,
    `ADMIN_TOKEN=${newSecretValue()}`,
    '',
  ].join('\n')
}
