import { type Connection, consentBinding } from '../../../../src/vault/record.ts'
import type { Change, Stored } from './ledger.ts'
import type { Issue, SamsungTruth } from './samsung-truth.ts'
import type { Applied } from './store-server.ts'

/** What is wrong with writing this, seen from Samsung. */
export function judgeWrite(
  truth: SamsungTruth,
  issueIn: (connection: Connection) => Issue | undefined,
  { before, after, write: { options }, wasDeleted }: Change,
): readonly string[] {
  // What was safe once and is written again after a failover must not wait for replicas.
  const isSafe = options.durable === true || wasDeleted
  if (after.type === 'tombstone') return isSafe ? [] : ['deleted, and not durably']
  if (before?.type === 'tombstone') return ['a deleted connection came back']
  const issue = issueIn(after)
  if (issue === undefined) return ['the stored tokens are not Samsung’s']
  const problems: string[] = []
  const { refresh, tokenSet } = consentBinding(after)
  if (tokenSet.generation !== after.generation) problems.push('a token set of another generation')
  if (refresh.state === 'consent_required' && truth.accepts(issue.refresh))
    problems.push('consent_required, and Samsung would take the token')
  if (refresh.state === 'refreshing' && options.durable !== true && isNew(before, after))
    problems.push('an intent was written, and not durably')
  if (before === undefined) return problems
  return [...problems, ...judgeReplacement(truth, issueIn(before), issue, before, after, options)]
}

const attemptOf = (record: Stored | undefined) =>
  record?.type === 'connection' ? consentBinding(record).refresh.attempt : undefined

const isNew = (before: Stored | undefined, after: Stored) => attemptOf(before) !== attemptOf(after)

function judgeReplacement(
  truth: SamsungTruth,
  old: Issue | undefined,
  next: Issue,
  before: Connection,
  after: Connection,
  { durable }: Applied['options'],
): readonly string[] {
  const step = after.generation - before.generation
  if (step < 0) return ['a generation went back']
  if (step === 0 && old !== next) return ['tokens were replaced under the same generation']
  if (step === 0) return []
  const isAgain = next.storedAt !== null
  const problems = durable === true || isAgain ? [] : ['tokens were stored, and not durably']
  if (old === undefined) return problems
  // Of two that consent at once, the first may be the last to be heard of.
  if (next.grant.number < old.grant.number && !next.isFirst)
    problems.push('tokens of an older consent replaced those of a newer')
  const isUnspent = ({ refresh }: Issue) => truth.successorOf(refresh) === null
  if (next.grant === old.grant && isUnspent(old) && !isUnspent(next))
    problems.push('a spent refresh token replaced a live one')
  return problems
}
