import { createRespSplitter, type RespFrame, type RespValue } from './resp.ts'
import { startTcpFaultProxy, type TcpFaultProxy } from './tcp-fault-proxy.ts'
import type { Forward, Link, Tap } from './tcp-link.ts'

/** A command on its way, and its reply once that is there. */
export interface Exchange {
  readonly command: readonly string[]
  readonly reply?: RespValue
  readonly link: Link
}

/**
 * What becomes of a command or a reply.
 *
 * - `pass`: it goes on.
 * - `drop`: it goes no further, nor does anything after it in its direction on this connection.
 * - `cut`: the connection is reset instead.
 * - `{ answer }`: the client gets this line instead, in its turn; a command is not passed on.
 */
export type Fate = 'pass' | 'drop' | 'cut' | { readonly answer: string }

export interface Trigger {
  /**
   * - `command`: it has come from the client and was not passed on.
   * - `reply`: the server has answered, and the answer was not passed on.
   * - `replied`: the answer was passed on; it is too late for any fate but `cut`.
   */
  readonly at: 'command' | 'reply' | 'replied'
  readonly matches: (exchange: Exchange) => boolean
  /** How often it acts; 1 when absent. */
  readonly times?: number
  /** Lets so many matches pass first: with 2, the third is met. */
  readonly skip?: number
  /** The fate, or what tells it. Until a promise resolves, everything in that direction waits. */
  readonly act: Fate | ((exchange: Exchange) => Fate | Promise<Fate>)
}

/** A proxy that understands what is said to Redis through it, in version 2 of the protocol. */
export interface RedisFaultProxy extends TcpFaultProxy {
  readonly url: string
  /**
   * Waits for something to happen. Where several triggers match, all act, in the order in which they
   * were set, until one of them says anything but `pass`.
   *
   * @returns Takes it back.
   */
  on(trigger: Trigger): () => void
  /** How many commands matched since the start. */
  seen(matches: (exchange: Exchange) => boolean): number
}

/** Matches commands with an argument that holds this text. */
export const mentions =
  (text: string) =>
  ({ command }: Exchange): boolean =>
    command.some((argument) => argument.includes(text))

export const REFUSAL = '-NOREPLICAS Not enough good replicas to write.'

/** Opens a proxy on a free loopback port in front of a Redis server. Not for subscriptions. */
export async function startRedisFaultProxy(target: number): Promise<RedisFaultProxy> {
  const armed = new Set<ReturnType<typeof arm>>()
  const exchanges: Exchange[] = []

  async function meet(at: Trigger['at'], exchange: Exchange): Promise<Fate> {
    if (at === 'command') exchanges.push(exchange)
    for (const { trigger, takes } of armed) {
      if (trigger.at !== at || !takes(exchange)) continue
      const { act } = trigger
      const fate = typeof act === 'function' ? await act(exchange) : act
      if (fate !== 'pass') return fate
    }
    return 'pass'
  }

  const proxy = await startTcpFaultProxy(target, { tap: (link) => createRedisTap(link, meet) })
  return {
    ...proxy,
    url: `redis://127.0.0.1:${proxy.port}`,
    on(trigger) {
      const one = arm(trigger)
      armed.add(one)
      return () => void armed.delete(one)
    },
    seen: (matches) => exchanges.filter(matches).length,
  }
}

function arm(trigger: Trigger) {
  let { skip = 0, times = 1 } = trigger
  const takes = (exchange: Exchange): boolean => {
    if (times === 0 || !trigger.matches(exchange)) return false
    if (skip > 0) {
      skip -= 1
      return false
    }
    times -= 1
    return true
  }
  return { trigger, takes }
}

type Meet = (at: Trigger['at'], exchange: Exchange) => Promise<Fate>

/** A command whose reply is to come, from the server or from us. */
interface Pending {
  readonly exchange: Exchange
  readonly answer?: string
}

function createRedisTap(link: Link, meet: Meet): Tap {
  const split = { to_server: createRespSplitter(), to_client: createRespSplitter() }
  const dropped = { to_server: false, to_client: false }
  const pending: Pending[] = []

  function cut(): void {
    dropped.to_server = true
    dropped.to_client = true
    link.reset()
  }

  /** Answers of our own whose turn has come. */
  async function giveAnswers(): Promise<void> {
    while (pending[0]?.answer !== undefined)
      await link.inject('to_client', Buffer.from(`${pending.shift()?.answer}\r\n`))
  }

  async function onCommand({ value, bytes }: RespFrame, forward: Forward): Promise<void> {
    const exchange = { command: Array.isArray(value) ? value.map(String) : [], link }
    const fate = await meet('command', exchange)
    if (fate === 'cut') cut()
    else if (fate === 'drop') dropped.to_server = true
    else if (fate === 'pass') {
      pending.push({ exchange })
      await forward(bytes)
    } else {
      pending.push({ exchange, answer: fate.answer })
      await giveAnswers()
    }
  }

  async function onReply({ value, bytes }: RespFrame, forward: Forward): Promise<void> {
    const { exchange: asked } = pending[0] ?? { exchange: { command: [], link } }
    const exchange = { ...asked, reply: value }
    const fate = await meet('reply', exchange)
    if (fate === 'cut') cut()
    else if (fate === 'drop') dropped.to_client = true
    else {
      await forward(fate === 'pass' ? bytes : Buffer.from(`${fate.answer}\r\n`))
      // Not before: an answer of our own would overtake this one.
      pending.shift()
      if ((await meet('replied', exchange)) === 'cut') cut()
      await giveAnswers()
    }
  }

  return async (way, chunk, forward) => {
    for (const frame of split[way](chunk)) {
      if (dropped[way]) return
      if (way === 'to_server') await onCommand(frame, forward)
      else await onReply(frame, forward)
    }
  }
}
