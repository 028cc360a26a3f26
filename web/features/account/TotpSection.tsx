/** The second factor by an authenticator app. */
import { Button, Code, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { encode } from 'uqr'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { CodeInput } from '#web/ui/CodeInput.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'

type Started = OutputOf<typeof identity.calls.startTotp>

export interface TotpSectionProps {
  since: string | null
  onCodes: (codes: string[]) => void
}

export function TotpSection({ since, onCodes }: TotpSectionProps) {
  const { t, date } = useWords()
  const notifyFailure = useFailureNotice()
  const [started, setStarted] = useState<Started>()
  const start = useCommand(identity.calls.startTotp, { onDone: setStarted })
  const remove = useCommand(identity.calls.removeTotp, {
    refreshes: [identity.calls.showSecurity],
    onDone: () => showNotice(t('totp.removed')),
  })
  const actions =
    since === null ? (
      <Button loading={start.isPending} onClick={() => start.mutate({}, { onError: notifyFailure })}>
        {t('totp.add')}
      </Button>
    ) : (
      <Button
        variant="default"
        loading={remove.isPending}
        onClick={() => remove.mutate({}, { onError: notifyFailure })}
      >
        {t('totp.remove')}
      </Button>
    )
  return (
    <Section
      title={t('totp.title')}
      text={since === null ? t('totp.text') : t('totp.since', { date: date(since) })}
      actions={actions}
    >
      {started && (
        <TotpDialog
          started={started}
          onClose={() => setStarted(undefined)}
          onDone={(codes) => {
            setStarted(undefined)
            onCodes(codes)
            showNotice(t('totp.added'))
          }}
        />
      )}
    </Section>
  )
}

interface TotpDialogProps {
  started: Started
  onClose: () => void
  onDone: (recoveryCodes: string[]) => void
}

function TotpDialog({ started: { secret, uri }, onClose, onDone }: TotpDialogProps) {
  const { t } = useWords()
  const failureText = useFailureText()
  const [code, setCode] = useState('')
  const confirm = useCommand(identity.calls.confirmTotp, {
    refreshes: [identity.calls.showSecurity],
    onDone: ({ recoveryCodes }) => onDone(recoveryCodes),
  })
  const send = (code: string) => confirm.mutate({ code })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('totp.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          send(code)
        }}
      >
        <Stack>
          <Text size="sm">{t('totp.scan')}</Text>
          <QrCode text={uri} label={t('totp.qr')} />
          <Text size="sm" c="dimmed">
            {t('totp.byHand')}
          </Text>
          <Code block ta="center" fz="sm" style={{ whiteSpace: 'pre-wrap' }}>
            {secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}
          </Code>
          <CodeInput
            label={t('totp.code')}
            value={code}
            onChange={setCode}
            onComplete={send}
            data-autofocus
          />
          <FailureNote text={confirm.error ? failureText(confirm.error) : undefined} />
          <Group>
            <Button type="submit" loading={confirm.isPending} disabled={code.length < 6}>
              {t('totp.turnOn')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Dark on light in every colour scheme: cameras read it so. */
function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { border: 2 })
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      width={208}
      role="img"
      aria-label={label}
      style={{ margin: '0 auto' }}
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  )
}
