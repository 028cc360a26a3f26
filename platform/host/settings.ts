import { choice, flag, integer, listeningHost, text, type SettingValues } from '#platform/config.ts'

/** Settings of every process; services add their own. */
export const hostSettings = {
  NODE_ENV: choice(
    ['development', 'test', 'production'],
    'In production, secrets in plain variables are refused.',
    {
      default: 'development',
    },
  ),
  DATA_DIR: text('Folder of the embedded Postgres, blobs, spool and keys.', { default: './data' }),
  DOMAIN: text('The mail domain and public name.', { default: 'localhost' }),
  PORT: integer('Port of the HTTP server.', { default: 3000, max: 65_535 }),
  PUBLIC_URL: text('Where people reach the gateway; links in messages begin with it.', {
    defaultText: 'https://DOMAIN; http://localhost:PORT where DOMAIN is localhost',
  }),
  DATABASE_URL: text('A PostgreSQL 15 or newer server, postgres://user:password@host/database.', {
    defaultText: 'embedded',
    secret: true,
  }),
  DATABASE_POOL_SIZE: integer('Most connections of one process.', { default: 25, min: 2, max: 1000 }),
  DATABASE_ROLES: choice(
    ['auto', 'on', 'off'],
    'Whether each service works under a database role of its own.',
    {
      default: 'auto',
    },
  ),
  DATABASE_STATEMENT_TIMEOUT_MS: integer('Longest time one statement may take.', {
    default: 30_000,
    min: 100,
  }),
  BUS_URL: text('How events travel: postgres: or amqp://user:password@host.', {
    default: 'postgres:',
    secret: true,
  }),
  CACHE_URL: text('Where the cache lives: memory: or redis://host.', { default: 'memory:', secret: true }),
  SIGNALS_URL: text('How processes wake each other: local:, postgres: or redis://host.', {
    defaultText: 'redis when CACHE_URL is, postgres with DATABASE_URL, else local',
    secret: true,
  }),
  BLOBS_URL: text('Where blobs lie: file:/folder or s3://key:secret@host/bucket.', {
    defaultText: 'file: under DATA_DIR',
    secret: true,
  }),
  BLOBS_KEY: text('32 bytes in base64; blobs written with it are encrypted at rest.', { secret: true }),
  REGISTRY_URL: text('Where the registries are: tcp://host:port or unix:/path, comma-separated.', {
    defaultText: 'in process where the registry runs here, else tcp://127.0.0.1:5000',
  }),
  RPC_ADDRESS: text('Where this process answers RPC: tcp://host:port or unix:/path.', {
    defaultText: 'tcp://127.0.0.1:5001 where logs runs, :5000 where the registry does, else a free port',
  }),
  RPC_ADVERTISED: text('Where other processes reach this one by RPC.', {
    defaultText: "RPC_ADDRESS; this machine's first address where that is 0.0.0.0",
  }),
  RPC_TLS_DIR: text('Folder with ca.pem, cert.pem and key.pem: mutual TLS instead of the shared key.'),
  CLUSTER_KEY: text('Secret that all processes of an installation share.', {
    defaultText: 'DATA_DIR/keys/cluster.key, made at the first start',
    secret: true,
  }),
  SERVICE_KEY: text('Key that lets scripts make service calls over HTTP.', {
    defaultText: 'DATA_DIR/keys/service.key, made at the first start',
    secret: true,
  }),
  OPS_HOST: text('Address of the ops port.', listeningHost),
  OPS_PORT: integer('Port of /ping, /health, /ready and /metrics.', {
    defaultText: '9100, or a free one; where the gateway runs, served under it',
    max: 65_535,
  }),
  LOG_LEVEL: choice(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'Least severe line written.',
    {
      default: 'info',
    },
  ),
  LOG_DIR: text('Folder of rotated {service}-{level}.log files.'),
  LOG_FORMAT: choice(
    ['auto', 'json', 'text'],
    'Form of lines on standard output; auto is text at a terminal.',
    {
      default: 'auto',
    },
  ),
  LOG_SHIP: flag('Whether lines and spans also go to the logs service.', { default: true }),
  OTEL_EXPORTER_OTLP_ENDPOINT: text('OpenTelemetry collector that gets spans, e.g. http://127.0.0.1:4318.'),
  STOP_DELAY_MS: integer(
    'How long a stopping process still takes new work while /ready says 503: until load balancers in front of it know.',
    { default: 0 },
  ),
  STOP_GRACE_MS: integer('How long a stopping process may finish what runs.', { default: 4_000 }),
}

/** What the host reads of the settings; those of services stand beside them. */
export type Values = SettingValues<typeof hostSettings> & Record<string, unknown>
