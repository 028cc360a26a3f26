/** Proxies that are no Node programs: nginx and Caddy, as Debian has them. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installDebianPackages } from '../../tools/debian.ts'
import { start, type Process } from './processes.ts'

const host = '127.0.0.1'

export interface Peer extends Process {
  port: number
}

/** One worker, no access log, connections to the upstream kept, the headers that tell an upstream of its client. */
export async function startNginx(folder: string, upstreamPort: number): Promise<Peer> {
  installDebianPackages(['nginx-light'])
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const config = join(folder, `nginx-${port}.conf`)
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx-${port}.pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 10000000; ${temporary.join(' ')}
  upstream it { server ${host}:${upstreamPort}; keepalive 64; keepalive_requests 10000000; }
  server {
    listen ${host}:${port};
    location / {
      proxy_pass http://it; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
    }
  }
}`,
  )
  return listening(port, start('measured', '/usr/sbin/nginx', ['-c', config, '-e', 'stderr']))
}

/** No access log, connections to the upstream kept; the headers that tell an upstream of its client are its default. */
export async function startCaddy(folder: string, upstreamPort: number): Promise<Peer> {
  installDebianPackages(['caddy'])
  const port = await freePort()
  const config = join(folder, 'Caddyfile')
  await writeFile(
    config,
    `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://${host}:${port} {
  reverse_proxy ${host}:${upstreamPort} {
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }
}
`,
  )
  const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const args = ['run', '--config', config, '--adapter', 'caddyfile']
  return listening(port, start('measured', '/usr/bin/caddy', args, env))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, started: Process): Promise<Peer> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(port, host)
    try {
      await once(socket, 'connect')
      return { ...started, port }
    } catch {
      await sleep(100)
    } finally {
      socket.destroy()
    }
  }
  await started[Symbol.asyncDispose]()
  throw new Error(`${started.child.spawnargs.join(' ')} does not listen`)
}
