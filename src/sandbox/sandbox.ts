import { createApp } from './app.ts'
import type { Context } from './context.ts'
import { type Control, createControl } from './control/control.ts'
import { readControlRequest, type SettingsChange } from './control/control-request.ts'
import { listen, type TlsFiles } from './http/listener.ts'
import { createRegistration, type Registration, type RegistrationOptions } from './registration.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import { createState, type EpochMs, type State } from './state.ts'

/** How to set up a sandbox; everything but the clock has a default that works. */
export interface SandboxOptions {
  /** 127.0.0.1 when absent. */
  readonly host?: string
  /** 0 or absent: a free port. */
  readonly port?: number
  /** Origin by which others reach the sandbox, when that is not where it listens. */
  readonly publicUrl?: string
  /** Serves https with this key and certificate. */
  readonly tls?: TlsFiles
  /** Tells the time: the system's clock, or one that a test can move. */
  readonly clock: () => EpochMs
  /** The portal's registration with Samsung Account and Knox. */
  readonly registration?: RegistrationOptions
  /** Behaviour from the start on; `redirectUris` are the portal's. */
  readonly settings?: SettingsChange
}

/** A running sandbox, and its controls. */
export interface Sandbox extends Control {
  /** Origin by which browsers and portals reach it, without a trailing slash. */
  readonly url: string
  /** Origin by which this machine reaches it: the same, unless `publicUrl` was given. */
  readonly localUrl: string
  readonly registration: Registration
  /** The live state, for reading; steer it by the controls. */
  readonly state: State
  /** Stops listening and cuts open connections. */
  close(): Promise<void>
}

/**
 * Starts Samsung Account, AMS and Knox Mobile Enrollment, imitated strictly, on one port.
 *
 * @throws RangeError when `publicUrl` is no origin or a public key cannot be read.
 * @throws ControlError when a setting breaks its rule.
 * @throws The system's error when the port cannot be listened on.
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const publicUrl = options.publicUrl === undefined ? null : readOrigin(options.publicUrl)
  const { settings } = readControlRequest(
    options.settings ?? {},
    DEFAULT_SETTINGS,
    DEFAULT_SETTINGS,
  )
  const registration = await createRegistration(options.registration)
  const state = createState(settings)

  const listener = await listen(options)
  const ctx: Context = {
    url: publicUrl ?? listener.url,
    registration,
    state,
    now: () => options.clock() + state.settings.clockOffsetSeconds * 1000,
  }
  const control = createControl(ctx)
  listener.serve(createApp(ctx, control))
  return {
    ...control,
    url: ctx.url,
    localUrl: listener.url,
    registration,
    state,
    close: listener.close,
  }
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new RangeError('publicUrl must be an http or https origin')
  }
  return url.origin
}
