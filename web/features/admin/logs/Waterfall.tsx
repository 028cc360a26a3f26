/** The parts of a trace, each as a bar where it was at work. */
import { Text } from '@mantine/core'
import type { OutputOf } from '#contracts/client.ts'
import type { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import classes from './waterfall.module.css'

type Node = OutputOf<typeof logs.calls.showTrace>['roots'][number]

export interface WaterfallProps {
  roots: readonly Node[]
  startedAt: string
}

export function Waterfall({ roots, startedAt }: WaterfallProps) {
  const { t } = useWords()
  const { duration } = useTimes()
  const from = Date.parse(startedAt)
  const rows = flattened(roots)
  // What is done later, on an event, goes on after the answer.
  const whole = Math.max(
    0.001,
    ...rows.map(({ node }) => Date.parse(node.startedAt) - from + node.durationMs),
  )
  return (
    <table className={classes.waterfall}>
      <caption className={classes.hidden}>{t('traces.waterfall')}</caption>
      <thead className={classes.hidden}>
        <tr>
          <th>{t('traces.work')}</th>
          <th>{t('logs.time')}</th>
          <th>{t('traces.took')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ node, depth }) => {
          const left = Math.min(99.5, Math.max(0, ((Date.parse(node.startedAt) - from) / whole) * 100))
          const width = Math.min(100 - left, Math.max(0.5, (node.durationMs / whole) * 100))
          return (
            <tr key={node.spanId}>
              <td className={classes.name} style={{ paddingInlineStart: 8 + Math.min(depth, 12) * 14 }}>
                <span>{node.name}</span>{' '}
                <Text span size="xs" c="dimmed">
                  {node.service} · {t(`span.${node.kind}`)}
                </Text>
                {node.error !== null && (
                  <Text span size="xs" c="var(--mantine-color-error)" fw={600}>
                    {' '}
                    {node.error}
                  </Text>
                )}
              </td>
              <td className={classes.track}>
                <div
                  className={classes.bar}
                  data-failed={node.error !== null || undefined}
                  style={{ left: `${left}%`, width: `${width}%` }}
                />
              </td>
              <td className={classes.duration}>{duration(node.durationMs)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function flattened(nodes: readonly Node[], depth = 0): { node: Node; depth: number }[] {
  return nodes.flatMap((node) => [{ node, depth }, ...flattened(node.children, depth + 1)])
}
