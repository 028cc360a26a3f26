import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../tests/cluster.ts'
import type { Bench } from './bench.ts'

const revocations = Number(process.env.BENCH_REVOCATIONS ?? 250)
const credentials = { userid: 'revoked@localhost', password: 'long enough' }
const unlimited = { LIMIT_SIGN_IN: 'none', LIMIT_ANONYMOUS: 'none', LIMIT_ACCOUNT: 'none' }

export default {
  name: 'revocation',
  summary:
    `Two gateways, identity and two registries as separate processes; ${revocations} sessions that both gateways ` +
    'remember end one after the other. Milliseconds from the answer of the call that ends a session to the first 401 ' +
    'for it, on the gateway that made the call and on the other one, each asked again and again meanwhile.',
  async run() {
    await using cluster = await startCluster()
    await cluster.add(['identity'])
    const gateways = [await cluster.add(['gateway'], unlimited), await cluster.add(['gateway'], unlimited)]
    const agent = new Agent({ keepAlive: true })
    const [first, second] = gateways.map(({ web }) => caller(web, agent)) as [Call, Call]
    try {
      const sessions = await signIn(first)
      for (const { token } of sessions)
        for (const call of [first, second]) await expect(200, call('GET /api/me', token))
      const delays: number[][] = [[], []]
      for (const [i, { id, token }] of sessions.entries()) {
        const other = sessions[i + 1]?.token ?? token
        await expect(200, first('POST /api/me/sessions/end', other, { id }))
        const answeredAt = performance.now()
        const untilRefused = async (call: Call, into: number[]) => {
          while ((await call('GET /api/me', token)).status !== 401) await sleep(1)
          into.push(performance.now() - answeredAt)
        }
        await Promise.all([untilRefused(first, delays[0]!), untilRefused(second, delays[1]!)])
      }
      const all = delays.flat()
      return {
        ratios: { p99_ms: quantile(all, 0.99) },
        table: [
          { name: 'the gateway that was called', ...figures(delays[0]!) },
          { name: 'the other gateway', ...figures(delays[1]!) },
          { name: 'both', ...figures(all) },
        ],
      }
    } finally {
      agent.destroy()
    }
  },
} satisfies Bench

type Call = (door: string, token?: string, body?: object) => Promise<{ status: number; json: unknown }>

/** One account with many sessions. */
async function signIn(call: Call): Promise<{ id: string; token: string }[]> {
  await expect(201, call('POST /api/profiles', undefined, { ...credentials, name: 'Revoked' }))
  const tokens: string[] = []
  const signInAll = async () => {
    for (let i = 0; i < revocations / 2; i++)
      tokens.push(
        ((await call('POST /api/auth/login', undefined, credentials)).json as { token: string }).token,
      )
  }
  await Promise.all([signInAll(), signInAll()])
  const sessions = []
  for (const token of tokens) {
    const { json } = await expect(200, call('GET /api/me/sessions', token))
    const { items } = json as { items: { id: string; isCurrent: boolean }[] }
    sessions.push({ id: items.find(({ isCurrent }) => isCurrent)!.id, token })
  }
  return sessions
}

async function expect(status: number, answer: ReturnType<Call>): ReturnType<Call> {
  const given = await answer
  if (given.status !== status) throw new Error(`${given.status}: ${JSON.stringify(given.json)}`)
  return given
}

function caller(web: string, agent: Agent): Call {
  return (door, token, body) =>
    new Promise((resolve, reject) => {
      const [method, path] = door.split(' ')
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      }
      const sent = request(web + path, { method, agent, headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode!, json: JSON.parse(text || 'null') }))
      })
      sent.on('error', reject).end(body && JSON.stringify(body))
    })
}

function figures(values: number[]) {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(values, share)) as [number, number, number]
  return { 'p50 ms': p50, 'p99 ms': p99, 'max ms': max, revocations: values.length }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.ceil(share * sorted.length) - 1]! * 100) / 100
}
