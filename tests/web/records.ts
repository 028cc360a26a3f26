/** What a system writes down, for pages that show it. A test installation keeps its own lines to itself. */
import type { Installation } from './installation.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

export async function writeRecords({ logs }: Pick<Installation, 'logs'>): Promise<void> {
  const at = (ms: number) => new Date(Date.now() - 5000 + ms).toISOString()
  const line = { name: 'log', traceId } as const
  await logs.writeLines({
    lines: [
      {
        ...line,
        service: 'gateway',
        data: 'request',
        time: at(42),
        fields: { method: 'POST', route: '/api/accounts', status: 201, ms: 41.7 },
      },
      { ...line, service: 'identity', data: 'invitation made', time: at(30) },
      {
        ...line,
        service: 'notifications',
        level: 'WARNING',
        data: 'SMTP server is slow',
        time: at(900),
        fields: { ms: 850 },
      },
      {
        ...line,
        service: 'notifications',
        level: 'ERROR',
        data: 'could not send',
        time: at(1400),
        fields: { err: 'ECONNRESET', attempt: 1 },
      },
    ],
  })
  const span = { traceId, kind: 'server' } as const
  await logs.writeSpans({
    spans: [
      {
        ...span,
        spanId: '00f067aa0ba902b1',
        service: 'gateway',
        name: 'POST /api/accounts',
        startedAt: at(0),
        durationMs: 42,
      },
      {
        ...span,
        spanId: '00f067aa0ba902b2',
        parentSpanId: '00f067aa0ba902b1',
        service: 'identity',
        name: 'identity.createAccount',
        startedAt: at(2),
        durationMs: 36,
      },
      {
        ...span,
        spanId: '00f067aa0ba902b3',
        parentSpanId: '00f067aa0ba902b2',
        service: 'identity',
        name: 'identity.sendCode',
        kind: 'consumer',
        startedAt: at(45),
        durationMs: 28,
      },
      {
        ...span,
        spanId: '00f067aa0ba902b4',
        parentSpanId: '00f067aa0ba902b3',
        service: 'notifications',
        name: 'notifications.sendNotification',
        startedAt: at(50),
        durationMs: 19,
      },
      {
        ...span,
        spanId: '00f067aa0ba902b5',
        parentSpanId: '00f067aa0ba902b4',
        service: 'notifications',
        name: 'notifications.sendEmail',
        kind: 'consumer',
        startedAt: at(75),
        durationMs: 860,
        error: 'unavailable',
      },
    ],
  })
}
