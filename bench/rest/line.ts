/** The one request that every side answers: a log line, as `POST /log` takes it. */
import { z } from 'zod'

export const path = '/bench/lines'
export const key = 'a-service-key-of-the-benchmark'

export const Line = z.object({
  name: z.string().min(1).max(200),
  data: z.string().max(10_000),
  level: z.enum(['INFO', 'WARNING', 'ERROR']).default('INFO'),
})

export const Receipt = z.object({ id: z.string(), level: z.string() })

export const sample: z.input<typeof Line> = {
  name: 'order.placed',
  data: 'Order 4711 placed by asha@example.com: 2 tea-500g, 6 cup-blue. Please ring twice.',
}

/** The work of the handler. */
export function receiptOf({ name, level }: z.output<typeof Line>): z.input<typeof Receipt> {
  return { id: name, level }
}
