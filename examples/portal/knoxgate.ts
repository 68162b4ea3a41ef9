const { KNOXGATE_URL = 'http://localhost:8080', KNOXGATE_API_KEY = '' } = process.env

/** Calls the API, from your backend and nowhere else: the API key must never reach a browser. */
export async function knoxgate(method: string, path: string, body?: object) {
  const response = await fetch(`${KNOXGATE_URL}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${KNOXGATE_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = JSON.parse((await response.text()) || 'null') // as GET /openapi.json describes it
  if (!response.ok) throw Object.assign(new Error('knoxgate says no'), { problem: answer })
  return answer
}
