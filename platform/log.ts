/** Log lines: JSON objects, one a line, to standard output, to rotated files and to the logs service. */
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'

export type Logger = Pick<
  PinoLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level' | 'isLevelEnabled'
>

export interface LoggerOptions {
  level: string
  /** `text` is for people at a terminal. */
  format: 'json' | 'text'
  /** Folder of rotated `{service}-{level}.log` files. */
  directory?: string | undefined
  /** Gets every line as an object too. */
  ship?: ((line: Record<string, unknown>) => void) | undefined
}

/** Size at which a log file is rotated, and how many of each are kept. */
const fileSize = '10M'
const filesKept = 5

/** Values under these keys never reach a line. */
const secretKeys = ['password', 'token', 'secret', 'authorization', 'cookie', 'otp', 'apiKey']

/** Bind `service` with `child` once: pino writes a key bound twice twice. */
export function createLogger(options: LoggerOptions): Logger {
  const standardOutput = pino.destination({ fd: 1, sync: false })
  const files = options.directory === undefined ? undefined : rotatedFiles(options.directory)
  const destination: DestinationStream = {
    write(line) {
      const parsed = options.format === 'text' || files || options.ship ? parseLine(line) : undefined
      standardOutput.write(options.format === 'text' && parsed ? readable(parsed) : line)
      if (!parsed) return
      files?.(parsed, line)
      options.ship?.(parsed)
    },
  }
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: '(secret)' },
      serializers: { err: pino.stdSerializers.err },
    },
    destination,
  )
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = pino({ level: 'silent' })

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** `12:03:04 info  logs  message key=value`. */
function readable({ time, level, service, msg, err, ...rest }: Record<string, unknown>): string {
  const facts = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const stack = err && typeof err === 'object' && 'stack' in err ? `\n${String(err.stack)}` : ''
  const words = [
    String(time).slice(11, 19),
    String(level).padEnd(5),
    String(service).padEnd(8),
    msg ?? '',
    ...facts,
  ]
  return `${words.join(' ')}${stack}\n`
}

/** A file per service and level, opened with its first line. */
function rotatedFiles(directory: string): (parsed: Record<string, unknown>, line: string) => void {
  const streams = new Map<string, RotatingFileStream>()
  return ({ service, level }, line) => {
    const name = `${String(service).replaceAll(/[^\w.-]/g, '_')}-${String(level)}.log`
    let stream = streams.get(name)
    if (!stream) {
      stream = createStream(name, { path: directory, size: fileSize, maxFiles: filesKept })
      stream.on('error', (error) => process.emitWarning(`log file ${name}: ${error.message}`))
      streams.set(name, stream)
    }
    stream.write(line)
  }
}
