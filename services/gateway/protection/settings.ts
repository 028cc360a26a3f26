import { integer, rate, text } from '#platform/config.ts'

export const protectionSettings = {
  TRUSTED_PROXIES: integer('Proxies in front of the gateway whose X-Forwarded-For is believed.', {
    default: 0,
    max: 100,
  }),
  EXEMPT_ADDRESSES: text(
    'Addresses and ranges, comma-separated, that are never marked as offenders and open any number of connections.',
    { default: '127.0.0.0/8,::1' },
  ),
  LIMIT_ANONYMOUS: rate('Calls of one address without a sign-in, where the contract limits them.', {
    default: '100/15m',
  }),
  LIMIT_SIGN_IN: rate('Tries of one address to sign in to one account.', { default: '5/15m' }),
  LIMIT_ACCOUNT: rate('Requests of one account.', { default: '6000/1m' }),
  LIMIT_SERVICE_KEY: rate('Requests with one service key.', { default: 'none' }),
  LIMIT_SLOWED: rate('Requests of an address that was marked as an offender.', { default: '60/1m' }),
  SLOW_AFTER: rate('Refused requests after which an address is marked and slowed.', { default: '30/10m' }),
  BLOCK_AFTER: rate('Refused requests after which an address is blocked.', { default: '300/10m' }),
  BLOCK_SECONDS: integer('How long it is then blocked.', { default: 900 }),
  MAX_REQUESTS: integer('Requests at work at a time; more are answered with 503.', {
    default: 2_000,
    min: 1,
  }),
  MAX_CONNECTIONS: integer('Connections open at a time.', { default: 20_000, min: 1 }),
  MAX_CONNECTIONS_PER_ADDRESS: integer('Connections of one address, without proxies in front.', {
    default: 500,
    min: 1,
  }),
  CORS_ORIGINS: text('Other origins whose pages may call, comma-separated: https://app.example.org.'),
}
