import type { SamsungAccountProgram } from '../config/config.ts'

const ABILITIES: Readonly<Record<SamsungAccountProgram['kind'], readonly string[]>> = {
  'samsung-account': [
    'See the devices and profiles of your organisation in Samsung Knox cloud services.',
    'Enrol, configure and manage these devices, as far as your Samsung Account may.',
    'Go on doing so without asking you again, until you or the portal end the connection.',
  ],
}

/** What a portal can do once the customer has agreed, one plain sentence each. */
export const abilitiesOf = (kind: SamsungAccountProgram['kind']): readonly string[] =>
  ABILITIES[kind]
