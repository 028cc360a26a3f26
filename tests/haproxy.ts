/** A load balancer that many have in front of their gateways. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepts, freePort, startServerProcess } from '#platform/testing/server-process.ts'

/** Asks `/ready` of each gateway five times a second. A request is sent again only where connecting failed. */
export async function startHaproxy(gateways: readonly string[]): Promise<AsyncDisposable & { web: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'))
  const port = await freePort()
  const file = join(folder, 'haproxy.cfg')
  const servers = gateways.map((web, index) => `  server gateway${index} ${new URL(web).host} check`)
  await writeFile(
    file,
    `defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout check 2s
  retries 3
  option redispatch
frontend door
  bind 127.0.0.1:${port}
  default_backend gateways
backend gateways
  balance roundrobin
  option httpchk GET /ready
  default-server inter 200ms fall 1 rise 1
${servers.join('\n')}
`,
  )
  const server = await startServerProcess({
    debianPackage: 'haproxy',
    command: 'haproxy',
    args: ['-db', '-f', file],
    isReady: () => accepts(port),
  })
  return {
    web: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
