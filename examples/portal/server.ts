import { createHash, randomBytes } from 'node:crypto'
import express, { type ErrorRequestHandler } from 'express'
import { knoxgate } from './knoxgate.ts'
import { card, notice, page } from './pages.ts'

const { PORT = '3000', PROGRAM = 'emm-eu' } = process.env
// Your customers. `ref` is your own id of one, for good; knoxgate calls it `tenant_ref`.
const customers = [
  { ref: 'cust-1001', name: 'Fernhill Logistics' },
  { ref: 'cust-1002', name: 'Marlow Retail' },
]
// Asks knoxgate each time; you may as well keep the connection's id with your customer.
const connectionOf = async (ref: string) =>
  (await knoxgate('GET', `/connections?program=${PROGRAM}&tenant_ref=${ref}`)).data[0]

const app = express().use(express.static(`${import.meta.dirname}/public`))

// Use your framework's session. This one holds the verifier of each connect session it began.
const sessions = new Map<string | undefined, Map<unknown, string>>()
app.use((req, res, next) => {
  const known = sessions.get(/portal_session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1])
  if (!known && req.method === 'POST') return res.redirect(303, '/') // no Lax cookie: not our form
  const id = randomBytes(32).toString('base64url')
  res.locals.verifiers = known ?? new Map()
  if (!known) sessions.set(id, res.locals.verifiers)
  if (!known) res.cookie('portal_session', id, { httpOnly: true, sameSite: 'lax' })
  next()
})

// Also the reconnect_url, to which knoxgate sends a customer who has to sign in again.
app.get(['/', '/knox/connect'], async ({ query: { connection_id } }, res) => {
  const cards = customers.map(async (customer) => {
    const { id, status, account } = (await connectionOf(customer.ref)) ?? {}
    return (connection_id ?? id) === id ? card(customer, status, account?.email) : ''
  })
  res.send(page(...(await Promise.all(cards))))
})

// Your own check belongs here: may the user who is signed in act for this customer?
app.param('ref', async (_req, res, next, ref) => {
  res.locals.customer = customers.find((customer) => customer.ref === ref)
  res.locals.connection = res.locals.customer && (await connectionOf(ref))
  next(res.locals.customer ? undefined : 'route')
})

app.post('/customers/:ref/connect', async (_req, res) => {
  const { customer, connection, verifiers } = res.locals
  const verifier = randomBytes(32).toString('base64url')
  const { id, connect_url } = await knoxgate('POST', '/connect-sessions', {
    program: PROGRAM,
    tenant_ref: customer.ref,
    tenant_name: customer.name,
    return_url: `http://localhost:${PORT}/knox/return`, // exactly as registered
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    connection_id: connection?.id, // if there is one, it is reconnected and keeps its id
  })
  verifiers.set(id, verifier)
  res.redirect(303, connect_url)
})

// Only the session that began it has the verifier: no user can be lured into finishing another's.
app.get('/knox/return', async ({ query: { connect_session: id, result_code, error } }, res) => {
  const code_verifier = res.locals.verifiers.get(id)
  if (!code_verifier) return res.send(page(notice('bad', 'You did not start this sign-in here.')))
  if (error) return res.send(page(notice('calm', 'Not connected. Nothing was shared or changed.')))
  const proof = { result_code, code_verifier } // sent again, say by a reload, it does no harm
  const { account } = await knoxgate('POST', `/connect-sessions/${id}/complete`, proof)
  return res.send(page(notice('good', `Connected by ${account.email ?? account.id}.`)))
})

app.post('/customers/:ref/profiles', async (_req, res) => {
  const { id } = res.locals.connection
  // Keep no token: knoxgate does, and hands out one that lives long enough for this call.
  const list = async () => {
    const { base_url, headers } = await knoxgate('POST', `/connections/${id}/token`)
    return fetch(`${base_url}/kcs/v1/kme/profiles/list`, { headers })
  }
  let answer = await list()
  // Refused? verify replaces a token that Knox no longer takes, or throws who has to do what.
  if (!answer.ok) answer = await knoxgate('POST', `/connections/${id}/verify`).then(list)
  if (!answer.ok) throw new Error(`Knox answered ${answer.status}`)
  const { profileList } = (await answer.json()) as { profileList: { name: string }[] }
  const names = profileList.map(({ name }) => name)
  res.send(page(notice('good', `${names.length} profiles: ${names.join(', ')}`)))
})

app.post('/customers/:ref/verify', async (_req, res) => {
  await knoxgate('POST', `/connections/${res.locals.connection.id}/verify`)
  res.send(page(notice('good', 'Knox answers, and the customer trusts this portal.')))
})

app.post('/customers/:ref/disconnect', async (_req, res) => {
  await knoxgate('DELETE', `/connections/${res.locals.connection.id}`)
  res.send(page(notice('calm', 'Disconnected.')))
})

// By `code` where somebody can do something about it, else by `owner`: who has to act.
const ADVICE: Readonly<Record<string, string>> = {
  consent_required: 'Samsung wants this customer to sign in again.',
  trust_missing: 'The customer has to enter our partner ID in their Knox portal:',
  customer: 'That did not work out. Please connect again.',
  samsung: 'Samsung has a problem. Please try again in a few minutes.',
}
app.use(((error, _req, res, _next) => {
  console.error(error.problem ?? error)
  const { status = 500, code, owner, partner_id = '', connect_url } = error.problem ?? {}
  const text = ADVICE[code] ?? ADVICE[owner] ?? 'Something is wrong on our side. We are on it.'
  res.status(status).send(page(notice('bad', `${text} ${partner_id}`, connect_url)))
}) satisfies ErrorRequestHandler)

app.listen(+PORT, '127.0.0.1').once('listening', () => console.log(`http://localhost:${PORT}`))
