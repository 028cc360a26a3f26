/** From whom, to whom, and what about. */
import { Anchor, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { DraftContent } from '#contracts/mail/writing.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import classes from './compose.module.css'
import { RecipientsInput } from './RecipientsInput.tsx'

export interface RecipientsProps {
  content: DraftContent
  hasFocus: boolean
  onChange: (part: Partial<DraftContent>) => void
}

export function Recipients({ content, hasFocus, onChange }: RecipientsProps) {
  const { t } = useWords()
  const { to, cc, bcc, subject } = content
  const [isCcOpen, setCcOpen] = useState(cc.length > 0)
  const [isBccOpen, setBccOpen] = useState(bcc.length > 0)
  const id = useId()
  return (
    <div>
      <FromLine content={content} onChange={onChange} />
      <RecipientsInput
        label={t('compose.to')}
        value={to}
        hasFocus={hasFocus}
        onChange={(to) => onChange({ to })}
        more={
          (!isCcOpen || !isBccOpen) && (
            <span className={classes.fieldMore}>
              {!isCcOpen && <Opener label={t('compose.cc')} onOpen={() => setCcOpen(true)} />}
              {!isBccOpen && <Opener label={t('compose.bcc')} onOpen={() => setBccOpen(true)} />}
            </span>
          )
        }
      />
      {isCcOpen && (
        <RecipientsInput
          label={t('compose.cc')}
          value={cc}
          hasFocus={cc.length === 0}
          onChange={(cc) => onChange({ cc })}
        />
      )}
      {isBccOpen && (
        <RecipientsInput
          label={t('compose.bcc')}
          value={bcc}
          hasFocus={bcc.length === 0}
          onChange={(bcc) => onChange({ bcc })}
        />
      )}
      <div className={classes.field}>
        <label className={classes.fieldLabel} htmlFor={id}>
          {t('compose.subject')}
        </label>
        <TextInput
          id={id}
          className={classes.fieldInput!}
          variant="unstyled"
          maxLength={998}
          autoComplete="off"
          value={subject}
          onChange={({ currentTarget }) => onChange({ subject: currentTarget.value })}
        />
      </div>
    </div>
  )
}

function Opener({ label, onOpen }: { label: string; onOpen: () => void }) {
  return (
    <Anchor component="button" type="button" size="sm" c="dimmed" onClick={onOpen}>
      {label}
    </Anchor>
  )
}

/** Where there is a choice. */
function FromLine({ content, onChange }: Pick<RecipientsProps, 'content' | 'onChange'>) {
  const { t } = useWords()
  const id = useId()
  const { data } = useQuery({ ...queryOf(mail.calls.listIdentities, {}), staleTime: 300_000 })
  if (!data || data.items.length < 2) return null
  return (
    <div className={classes.field}>
      <label className={classes.fieldLabel} htmlFor={id}>
        {t('compose.from')}
      </label>
      <NativeSelect
        id={id}
        className={classes.fieldInput!}
        variant="unstyled"
        value={content.from ?? data.items[0]?.address}
        onChange={({ currentTarget }) => onChange({ from: currentTarget.value })}
        data={data.items.map(({ name, address }) => ({
          value: address,
          label: name === '' ? address : `${name} <${address}>`,
        }))}
      />
    </div>
  )
}
