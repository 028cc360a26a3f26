import { integer, text } from '#platform/config.ts'

export const tlsSettings = {
  TLS_CERT: text(
    'PEM file with the certificate chain; with it the gateway speaks HTTPS. Read again when it changes.',
  ),
  TLS_KEY: text('PEM file with its private key.'),
  TLS_PORT: integer('Port of HTTPS; PORT then redirects to it.', { default: 3443, max: 65_535 }),
  ACME_DIRECTORY_URL: text(
    'Authority that certifies DOMAIN instead, over HTTP on its port 80: https://acme-v02.api.letsencrypt.org/directory. Whoever sets it agrees to its terms.',
  ),
  ACME_EMAIL: text('Whom the authority tells about problems with the certificate.'),
}
