import { Server, type RequestListener, type ServerOptions } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { Certificate, CertificateFiles } from '#platform/tls/certificate.ts'

/** https://wiki.mozilla.org/Security/Server_Side_TLS, "intermediate", without finite-field Diffie-Hellman. */
const modern = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const

const handshakeTimeout = 10_000
/** Of an HTTP/2 connection without a stream that moves. */
const idleMs = 75_000

/**
 * HTTP/2, or HTTP/1.1 with the same options as a server without TLS, as the client chooses (ALPN, RFC 7301). Handshakes
 * fail while there is no certificate; connections go on when there is another one.
 */
export function createTlsServer(
  certificates: CertificateFiles,
  options: ServerOptions,
  listener: RequestListener,
): Server {
  const server = createSecureServer({
    ...options,
    ...modern,
    ...contextOf(certificates.current),
    allowHTTP1: true,
    handshakeTimeout,
    settings: { maxConcurrentStreams: 100 },
  })
  certificates.onChange((certificate) => server.setSecureContext({ ...modern, ...contextOf(certificate) }))
  server.on('request', listener as never)
  return asHttpServer(server)
}

function contextOf(certificate: Certificate | undefined) {
  return certificate && { cert: certificate.cert, key: certificate.key }
}

/** Node's own kind of server for both has no `closeAllConnections`. */
function asHttpServer(server: Http2SecureServer): Server {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.setTimeout(idleMs, () => session.close())
    session.on('close', () => sessions.delete(session))
  })
  return Object.assign(server as unknown as Server, {
    closeAllConnections() {
      Server.prototype.closeAllConnections.call(server)
      for (const session of sessions) session.destroy()
    },
  })
}
