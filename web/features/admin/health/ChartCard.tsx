import { Group, Skeleton, Text } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { Section } from '#web/ui/Section.tsx'
import type { ChartLine } from './TimeChart.tsx'

const TimeChart = lazy(() => import('./TimeChart.tsx').then(({ TimeChart }) => ({ default: TimeChart })))

export interface ChartCardProps {
  title: string
  /** Milliseconds since the epoch, oldest first. */
  times: readonly number[]
  lines: readonly ChartLine[]
  format: (value: number) => string
  /** There is nothing between two whole numbers. */
  isWhole?: boolean
  /** One value for each day, instead of the last minutes: their sum is what counts. */
  isDaily?: boolean
}

const height = 170

export function ChartCard({ title, times, lines, format, isWhole = false, isDaily = false }: ChartCardProps) {
  const { t, date } = useWords()
  const { clock } = useTimes()
  const [pointed, setPointed] = useState<number>()
  const index = pointed !== undefined && pointed < times.length ? pointed : times.length - 1
  const figures = lines.map(({ label, values, color }) => {
    const whole = isDaily ? sumOf : lastOf
    const value = pointed === undefined ? whole(values) : (values[index] ?? null)
    return { label, color, value }
  })
  const timeText = () => {
    const time = new Date(times[index] ?? 0)
    return isDaily ? date(time) : clock(time).slice(0, -4)
  }
  const text = figures
    .map(({ label, value }) => `${label}: ${value === null ? '–' : format(value)}`)
    .join(', ')
  return (
    <Section
      title={title}
      text={pointed === undefined ? t(isDaily ? 'reports.sum' : 'overview.now') : timeText()}
    >
      <Group gap="lg" mb="xs" mih={44} align="flex-start">
        {figures.map(({ label, value, color }) => (
          <div key={label}>
            <Text fz="xl" fw={650} lh={1.2}>
              {value === null ? '–' : format(value)}
            </Text>
            {lines.length > 1 && (
              <Text size="xs" c="dimmed">
                <Swatch color={color} /> {label}
              </Text>
            )}
          </div>
        ))}
      </Group>
      {times.length < 2 ? (
        <Text size="sm" c="dimmed" h={height}>
          {t('overview.soon')}
        </Text>
      ) : (
        <Suspense fallback={<Skeleton height={height} />}>
          <TimeChart
            label={`${title}. ${text}`}
            height={height}
            times={times}
            lines={lines}
            format={format}
            isWhole={isWhole}
            isDaily={isDaily}
            onPoint={setPointed}
          />
        </Suspense>
      )}
    </Section>
  )
}

/** Values that count as of now. */
const recent = 6

function lastOf(values: ChartLine['values']): number | null {
  return values.slice(-recent).findLast((value) => value !== null) ?? null
}

function sumOf(values: ChartLine['values']): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

function Swatch({ color }: { color: ChartLine['color'] }) {
  return (
    <span
      aria-hidden
      style={{
        display: 'inline-block',
        width: 10,
        height: 3,
        borderRadius: 2,
        verticalAlign: 'middle',
        background: `var(--mantine-color-${color}-filled)`,
      }}
    />
  )
}
