/** Log lines; one opens to everything that is known of it. */
import { Code, Drawer, Stack, Text, UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import type { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { Facts } from '#web/features/admin/Facts.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import classes from './lines.module.css'

export type LogLine = OutputOf<typeof logs.calls.showLog>

export function LineList({ lines }: { lines: readonly LogLine[] }) {
  const { t, date } = useWords()
  const [opened, setOpened] = useState<LogLine>()
  return (
    <>
      <ul className={classes.lines} aria-label={t('admin.logs')}>
        {lines.map((line, index) => {
          const day = date(line.time)
          const before = lines[index - 1]
          const isNewDay = before ? date(before.time) !== day : day !== date(new Date())
          return (
            <li key={line.id}>
              {isNewDay && <div className={classes.day}>{day}</div>}
              <Line line={line} onOpen={() => setOpened(line)} />
            </li>
          )
        })}
      </ul>
      <Drawer
        opened={opened !== undefined}
        onClose={() => setOpened(undefined)}
        position="right"
        size="lg"
        title={t('logs.line')}
        closeButtonProps={{ 'aria-label': t('action.close') }}
      >
        {opened && <LineFacts line={opened} />}
      </Drawer>
    </>
  )
}

function Line({ line, onOpen }: { line: LogLine; onOpen: () => void }) {
  const { t } = useWords()
  const { clock, exact } = useTimes()
  const { time, level, service, name, data } = line
  return (
    <UnstyledButton className={classes.line} data-level={level} onClick={onOpen}>
      <time className={classes.time} dateTime={time} title={exact(time)}>
        {clock(time)}
      </time>
      <span className={classes.level}>{t(`level.${level}`)}</span>
      <span className={classes.service}>{service ?? name}</span>
      <span className={classes.data}>
        {data} <span className={classes.fields}>{inShort(line.fields)}</span>
      </span>
    </UnstyledButton>
  )
}

const mostInShort = 160

/** `method=GET status=200`: the plain ones. */
function inShort(fields: LogLine['fields']): string {
  const plain = Object.entries(fields ?? {}).filter(([, value]) => typeof value !== 'object')
  return plain
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
    .slice(0, mostInShort)
}

function LineFacts({ line }: { line: LogLine }) {
  const { t } = useWords()
  const { exact } = useTimes()
  const { time, level, service, name, data, fields, traceId, reportedTime } = line
  return (
    <Stack>
      <Text style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{data}</Text>
      <Facts
        facts={[
          [t('logs.time'), exact(time)],
          reportedTime !== null && [t('logs.reportedTime'), exact(reportedTime)],
          [t('logs.level'), t(`level.${level}`)],
          service !== null && [t('admin.service'), service],
          [t('logs.name'), name],
          traceId !== null && [
            t('logs.trace'),
            <LinkAnchor key="trace" to="/admin/traces/$traceId" params={{ traceId }} ff="monospace" size="sm">
              {traceId}
            </LinkAnchor>,
          ],
        ]}
      />
      {fields && (
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {JSON.stringify(fields, null, 2)}
        </Code>
      )}
    </Stack>
  )
}
