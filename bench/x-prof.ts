import { readFileSync, readdirSync } from 'node:fs'
import { identity } from '#contracts/identity.ts'
import { testHost } from '#platform/testing/host.ts'
import identityService from '../services/identity/service.ts'
import { deviceAt, password, signUp } from '../services/identity/testing.ts'
import { hashPassword, isPassword } from '../services/identity/sign-in/passwords.ts'
import { deviceName } from '../services/identity/sign-in/devices.ts'
import { countryOf } from '../services/identity/sign-in/country.ts'
await using host = await testHost({ services: [identityService] })
const anonymous = host.client(identity, { kind: 'anonymous' })
const { userid } = await signUp(host, `caller@localhost`)
const answer: any = await anonymous.login({ userid, password, device: deviceAt('8.8.8.8') })
const device = deviceAt('8.8.8.8', answer.deviceToken)
function pg() { let t = 0; for (const p of readdirSync('/proc')) { if (!/^\d+$/.test(p)) continue; try { const s = readFileSync(`/proc/${p}/stat`, 'latin1'); if (!s.includes('(postgres)')) continue; const f = s.slice(s.lastIndexOf(')')+2).split(' '); t += Number(f[11]) + Number(f[12]) + Number(f[13])+Number(f[14]) } catch {} } return t * 10 }
async function measure(name: string, n: number, work: () => Promise<unknown>) {
  for (let i = 0; i < 10; i++) await work()
  const c = process.cpuUsage(), p0 = pg(), t0 = performance.now()
  await Promise.all(Array.from({ length: 8 }, async () => { for (let i = 0; i < n / 8; i++) await work() }))
  const { user, system } = process.cpuUsage(c)
  console.log(name, 'node ms', ((user + system) / 1000 / n).toFixed(2), 'pg ms', ((pg() - p0) / n).toFixed(2), 'wall', ((performance.now() - t0) / n).toFixed(2))
}
const phc = await hashPassword(password)
await measure('hash', 160, () => isPassword(password, phc))
await measure('login', 320, () => anonymous.login({ userid, password, device }))
await measure('wrong', 160, () => anonymous.login({ userid, password: 'x' }).catch(() => 0))
const ua = device.userAgent
let t = performance.now(); for (let i = 0; i < 1000; i++) deviceName(ua); console.log('bowser µs', performance.now() - t)
t = performance.now(); for (let i = 0; i < 1000; i++) await countryOf('8.8.8.8'); console.log('country µs', performance.now() - t)
