/** The environment as the program reads it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says about the program. */
export interface StartOptions {
  readonly port: number
  readonly redirectUris: readonly string[]
  /** Whose configuration is printed besides that of `samsung-account`. */
  readonly kinds: readonly FurtherKind[]
}

const FURTHER_KINDS = ['knox-msp', 'knox-customer', 'knox-oauth2'] as const

/** A kind of program that the sandbox imitates besides `samsung-account`. */
export type FurtherKind = (typeof FURTHER_KINDS)[number]

/** The environment does not let the program start; the message says which variable and why. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

const DEFAULT_PORT = '4300'
/** Where knoxgate's callback is when it runs as the printed environment says. */
const DEFAULT_REDIRECT_URI = 'http://localhost:8080/callback/sandbox'

/**
 * Reads the environment. An imitation of Samsung must not stand beside a service that real
 * customers use, so it refuses production and knoxgate's strict mode.
 *
 * @throws StartError
 */
export function readStartOptions(env: Environment): StartOptions {
  if (env.NODE_ENV === 'production') {
    throw new StartError('NODE_ENV is production; the sandbox is for development')
  }
  if (isSet(env.KNOXGATE_MODE) && env.KNOXGATE_MODE !== 'development') {
    throw new StartError('KNOXGATE_MODE must be development or unset')
  }
  return {
    port: readPort(isSet(env.SANDBOX_PORT) ? env.SANDBOX_PORT : DEFAULT_PORT),
    redirectUris: readRedirectUris(
      isSet(env.SANDBOX_REDIRECT_URIS) ? env.SANDBOX_REDIRECT_URIS : DEFAULT_REDIRECT_URI,
    ),
    kinds: isSet(env.SANDBOX_KINDS) ? readKinds(env.SANDBOX_KINDS) : [],
  }
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== ''

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new StartError('SANDBOX_PORT must be a number from 0 to 65535')
  return port
}

function readRedirectUris(text: string): readonly string[] {
  const uris = text.split(',').map((uri) => uri.trim())
  for (const uri of uris) {
    if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol) || uri.includes('#')) {
      throw new StartError(
        'SANDBOX_REDIRECT_URIS must be http or https URLs without fragment, separated by commas',
      )
    }
  }
  return uris
}

function readKinds(text: string): readonly FurtherKind[] {
  const named = text.split(',').map((kind) => kind.trim())
  const known = FURTHER_KINDS.filter((kind) => named.includes(kind))
  if (known.length !== named.length) {
    throw new StartError(
      `SANDBOX_KINDS must be out of ${FURTHER_KINDS.join(', ')}, each once, separated by commas`,
    )
  }
  return known
}
