import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installDebianPackages } from '../../tools/debian.ts'
import { cpuSeconds, figuresOf, readLines, type PeerFigures } from './corpus.ts'

/** In one process, as its daemon runs it: judges a file, then learns its label. */
const program = `
use strict; use Mail::SpamAssassin; $| = 1;
my ($home) = @ARGV;
my $filter = Mail::SpamAssassin->new({ userstate_dir => $home, userprefs_filename => "$home/user_prefs",
  local_tests_only => 1, dont_copy_prefs => 1, require_rules => 1 });
$filter->compile_now(0, 0); $filter->init_learner({ force_expire => 0, learn_to_journal => 0, wait_for_lock => 1 });
while (my $line = <STDIN>) {
  chomp $line; my ($label, $path) = split /\\t/, $line;
  open(my $in, '<:raw', $path) or die "$path: $!"; local $/; my $text = <$in>; close $in; $/ = "\\n";
  my $mail = $filter->parse($text); my $status = $filter->check($mail);
  printf "%s\\t%s\\n", $status->get_score(), $status->is_spam() ? 1 : 0;
  $status->finish(); $mail->finish();
  $mail = $filter->parse($text); my $learned = $filter->learn($mail, undef, $label eq 'spam' ? 1 : 0, 0);
  $learned->finish(); $mail->finish();
}
`

const preferences = 'use_bayes 1\nbayes_auto_learn 0\nuse_auto_whitelist 0\nuse_txrep 0\ndns_available no\n'

export async function runSpamAssassin(index: string, folder: string, limit: number): Promise<PeerFigures> {
  installDebianPackages(['spamassassin'])
  const home = join(folder, 'spamassassin-home')
  mkdirSync(home)
  writeFileSync(join(home, 'user_prefs'), preferences)
  writeFileSync(join(home, 'run.pl'), program)
  const lines = readLines(index, limit)
  const before = cpuSeconds('children')
  const { status, stdout, stderr } = spawnSync('perl', [join(home, 'run.pl'), home], {
    input: lines.map(({ label, file }) => `${label}\t${file}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`SpamAssassin: ${stderr.slice(-2000)}`)
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => ({ score: Number(line.split('\t')[0]), isSpam: line.endsWith('1') }))
  return figuresOf(lines, answers, cpuSeconds('children') - before)
}
