/** Makes a label, or changes one. */
import { Button, ColorSwatch, Group, Input, Modal, Select, Stack, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { Check } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { mail } from '#contracts/mail.ts'
import type { Mailbox } from '#contracts/mail/mailboxes.ts'
import { useWords } from '#web/app/language.tsx'
import { perform } from '#web/app/queries.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { labelColors } from '../label-colors.ts'
import { mailboxesQuery, type Label } from '../mailboxes.ts'

export interface LabelDialogProps {
  /** Left out: a new one. */
  label?: Label
  /** In which a new one lies. */
  parentId?: string
  name?: string
  labels: readonly Label[]
  onDone?: (label: Mailbox) => void
  onClose: () => void
}

export function LabelDialog({ label, parentId, name: firstName, labels, onDone, onClose }: LabelDialogProps) {
  const { t } = useWords()
  const failureText = useFailureText()
  const queries = useQueryClient()
  const [name, setName] = useState(label?.name ?? firstName ?? '')
  const [parent, setParent] = useState(label ? label.parentId : (parentId ?? null))
  const [color, setColor] = useState(label?.color ?? null)
  const [isPending, setPending] = useState(false)
  const [error, setError] = useState<unknown>()

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (name.trim() === '') return
    setPending(true)
    setError(undefined)
    try {
      const values = { name, parentId: parent, color }
      const saved = label
        ? await perform(mail.calls.changeLabel, { labelId: label.id, ...values })
        : await perform(mail.calls.createLabel, values)
      await queries.invalidateQueries({ queryKey: mailboxesQuery.queryKey })
      onDone?.(saved)
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setPending(false)
    }
  }

  return (
    <Modal
      opened
      onClose={onClose}
      title={label ? t('mail.label.edit') : t('mail.label.new')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          <TextInput
            label={t('mail.label.name')}
            value={name}
            maxLength={200}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <Select
            label={t('mail.label.parent')}
            placeholder={t('mail.label.noParent')}
            data={labels
              .filter((one) => one.id !== label?.id && !one.path.startsWith(`${label?.path ?? '/'}/`))
              .map(({ id, path }) => ({ value: id, label: path }))}
            value={parent}
            onChange={setParent}
            clearable
            searchable
          />
          <Input.Wrapper label={t('mail.label.color')} labelElement="div">
            <Group gap={6} mt={4} role="radiogroup" aria-label={t('mail.label.color')}>
              {[null, ...labelColors].map((one) => (
                <ColorSwatch
                  key={one}
                  component="button"
                  {...{ type: 'button' }}
                  role="radio"
                  aria-checked={one === color}
                  aria-label={one ?? t('mail.label.noColor')}
                  color={one ?? 'transparent'}
                  size={24}
                  style={{ cursor: 'pointer', color: one ? '#fff' : 'inherit' }}
                  onClick={() => setColor(one)}
                >
                  {one === color && <Check size={14} />}
                </ColorSwatch>
              ))}
            </Group>
          </Input.Wrapper>
          <FailureNote text={error === undefined ? undefined : failureText(error)} />
          <Group>
            <Button type="submit" loading={isPending} disabled={name.trim() === ''}>
              {t('action.save')}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
