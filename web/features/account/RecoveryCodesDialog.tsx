/** Codes that are shown this once. */
import { Button, Checkbox, Code, Group, Modal, SimpleGrid, Stack, Text } from '@mantine/core'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import { CopyButton } from '#web/ui/CopyButton.tsx'

export function RecoveryCodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useWords()
  const [isKept, setKept] = useState(false)
  const text = codes.join('\n')
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={t('recovery.title')}
    >
      <Stack>
        <Text size="sm">{t('recovery.shownOnce')}</Text>
        <SimpleGrid cols={2} spacing="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {codes.map((code) => (
            <Code key={code} component="li" block ta="center" fz="sm">
              {code}
            </Code>
          ))}
        </SimpleGrid>
        <Group>
          <CopyButton text={text} />
          <Button
            component="a"
            variant="default"
            leftSection={<Download size={16} />}
            href={`data:text/plain;charset=utf-8,${encodeURIComponent(`${text}\n`)}`}
            download="dakghar-recovery-codes.txt"
          >
            {t('action.download')}
          </Button>
        </Group>
        <Checkbox
          label={t('recovery.kept')}
          checked={isKept}
          onChange={(event) => setKept(event.currentTarget.checked)}
        />
        <Button disabled={!isKept} onClick={onClose}>
          {t('action.done')}
        </Button>
      </Stack>
    </Modal>
  )
}
