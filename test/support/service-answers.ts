import type { Canary, Finding } from './canary.ts'
import type { HeardAnswer } from './heard-answers.ts'

/** What headers bring to whom they are for: a browser its cookie, and its way home. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'set-cookie': ['flow cookie'],
  location: ['result code'],
}

/** The answers that are there to hand something out, and what of them. */
const HANDED_OUT = [
  { of: /\/v1\/connections\/\w+\/token$/, text: /"x-knox-apitoken":"[^"]+"/ },
  { of: /\/admin\/v1\/portals\/[^/]+\/keys(?:\/[^/]+\/rotate)?$/, text: /"api_key":"[^"]+"/ },
] as const

/** Secrets in an answer of a service where none may be, header by header and in its body. */
export function leaksInAnswer(canary: Canary, answer: HeardAnswer): readonly Finding[] {
  const { method, url, status, headers } = answer
  const { pathname } = new URL(url)
  // Not the address as it was asked for: tests write secrets into it.
  const place = `the answer ${status} to ${method} ${pathname.split('/').slice(0, 3).join('/')}`
  // The page on the way to Samsung leads there by a link that carries the state.
  const isOnTheWay = method === 'POST' && pathname.startsWith('/connect/')
  // On a bare socket the path is somewhere in what was sent.
  const body = HANDED_OUT.filter(({ of }) => method === 'RAW' || of.test(pathname)).reduce(
    (text, one) => text.replace(one.text, ''),
    answer.body,
  )
  return [
    ...canary.find(`${place}: its body`, body, isOnTheWay ? ['state'] : []),
    ...headers.flatMap(([name, value]) =>
      canary.find(`${place}: its header ${name}`, value, HEADERS[name.toLowerCase()]),
    ),
  ]
}
