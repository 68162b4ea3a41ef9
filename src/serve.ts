import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { compose, type Service } from './compose.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './config/problems.ts'
import { readConfig } from './config/read-config.ts'
import { createClientErrorHandler } from './http/client-error.ts'
import { handleExpectations } from './http/expectations.ts'
import { guardRequestHead } from './http/request-head.ts'
import { ServiceError } from './shared/errors.ts'
import { createLog, type Log } from './shared/log.ts'
import { sleep } from './shared/time.ts'

/** sysexits.h: EX_CONFIG, and EX_UNAVAILABLE. */
const EXIT_CONFIG = 78
const EXIT_UNAVAILABLE = 69

/** A connection without a request is left so long, for one that is on its way. */
const CLOSE_IDLE_MS = 300

const HTTP_OPTIONS = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  maxHeaderSize: 16_384,
  requireHostHeader: false,
}

/** Ends the process with one line per problem. */
function refuse(error: ConfigError): never {
  process.stderr.write(`${error.message}\n`)
  process.exit(EXIT_CONFIG)
}

function readOrExit(): Config {
  try {
    return readConfig(process.env, { version: process.versions.node, now: Date.now() })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return refuse(error)
  }
}

async function listen(
  name: string,
  handle: RequestListener,
  at: { readonly host: string; readonly port: number },
  log: Log,
): Promise<Server> {
  const guarded = guardRequestHead(handle, { log })
  const server: Server = createServer(HTTP_OPTIONS)
  const listener: RequestListener = (req, res) => {
    // A busy connection would never be idle, and keep a server from closing for as long as it likes.
    if (!server.listening) res.shouldKeepAlive = false
    guarded(req, res)
  }
  server.on('request', listener)
  handleExpectations(server, listener)
  server.on('clientError', createClientErrorHandler({ log }))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  const { address, port } = server.address() as AddressInfo
  const host = address.includes(':') ? `[${address}]` : address
  log.info('listening', { listener: name, url: `http://${host}:${port}` })
  return server
}

/** Resolves when the last request is answered, and no connection is left. */
async function closeServer(server: Server): Promise<void> {
  // Not the method of an HTTP server, which also cuts connections whose request is still on its way.
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => resolve())
  })
  // Again and again: an answer that was on its way has left its connection open.
  const sweeping = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS)
  await closed.finally(() => clearInterval(sweeping))
}

/** Stops accepting, lets requests and renewals end, closes; gives up at the deadline. */
async function drain(service: Service, servers: readonly Server[], config: Config, log: Log) {
  service.setPhase('draining')
  const closed = servers.map(closeServer)
  // In this order: requests start work, and work goes on when its caller has hung up.
  const ended = Promise.all(closed)
    .then(service.idle)
    .then(() => 'drained')
  const late = sleep(config.settings.http.drainTimeoutMs).then(() => 'deadline')
  const reason = await Promise.race([ended, late])
  await service.close()
  log.info('stopped', { reason })
  process.exit(0)
}

/** Reloads on SIGHUP. One that comes before there is anything to reload is remembered. */
function reloadOnHangup(): (service: Service) => void {
  let service: Service | undefined
  let isWanted = false
  process.on('SIGHUP', () => {
    isWanted = service === undefined
    void service?.reloadKeys()
  })
  return (composed) => {
    service = composed
    if (isWanted) void composed.reloadKeys()
  }
}

async function main(): Promise<void> {
  // First of all: nobody who reloads a process that is about to start wants to end it.
  const mayReload = reloadOnHangup()
  const config = readOrExit()
  const log = createLog(config.logLevel)
  const service = await compose(config, log, Date.now)
  const { host, port, adminPort } = config
  log.info('starting', { version: service.version, warnings: config.warnings })
  const servers = [
    await listen('public', service.handle, { host, port }, log),
    await listen('admin', service.handleAdmin, { host, port: adminPort }, log),
  ]
  service.setPhase('running')
  log.info('ready')
  mayReload(service)

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log.info('stopping', { signal })
      void drain(service, servers, config, log)
    })
  process.on('uncaughtException', (error) => die('uncaught_exception', error))
  process.on('unhandledRejection', (error) => die('unhandled_rejection', error))

  function die(event: string, error: unknown): void {
    log.error(event, { error })
    process.exit(1)
  }
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) refuse(error)
  const log = createLog('info')
  if (error instanceof ServiceError) {
    log.error('start_failed', { code: error.code })
    process.exit(EXIT_UNAVAILABLE)
  }
  log.error('start_failed', { error })
  process.exit(1)
})
