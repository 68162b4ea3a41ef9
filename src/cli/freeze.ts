import { Argument, Command } from 'commander'
import { ADMIN_HELP, createAdminCall } from './admin-client.ts'
import { type Io, UsageError } from './io.ts'

const TARGETS = ['connection', 'portal', 'program', 'everything']
const PATH = '/admin/v1/freezes'

/** `freeze`, `unfreeze` and `freezes`: the kill switches of a running service. */
export function freezeCommands(io: Io): readonly Command[] {
  const print = (answer: unknown) => io.out(`${JSON.stringify(answer)}\n`)
  const onTarget = (name: string, description: string) =>
    new Command(name)
      .description(description)
      .addArgument(new Argument('<target>', 'what').choices(TARGETS))
      .argument('[id]', 'its id; none for everything')
      .addHelpText('after', ADMIN_HELP)

  const freeze = onTarget(
    'freeze',
    'no token is made or handed out, in any process, until unfrozen',
  )
    .requiredOption('--reason <text>', 'why, for whoever looks later: up to 200 characters')
    .action(async (target: string, id: string | undefined, { reason }: { reason: string }) => {
      const body = { ...placeOf(target, id), reason }
      print(await createAdminCall(io)('POST', PATH, body))
    })

  const unfreeze = onTarget('unfreeze', 'lift a freeze').action(
    async (target: string, id: string | undefined) => {
      const place = placeOf(target, id)
      await createAdminCall(io)('DELETE', `${PATH}?${new URLSearchParams(place)}`)
      print({ unfrozen: place })
    },
  )

  const freezes = new Command('freezes')
    .description('list what is frozen')
    .addHelpText('after', ADMIN_HELP)
    .action(async () => print(await createAdminCall(io)('GET', PATH)))

  return [freeze, unfreeze, freezes]
}

function placeOf(target: string, id: string | undefined): Readonly<Record<string, string>> {
  if ((target === 'everything') === (id === undefined))
    return { target, ...(id === undefined ? {} : { id }) }
  throw new UsageError(`${target} ${id === undefined ? 'needs an id' : 'has no id'}`)
}
