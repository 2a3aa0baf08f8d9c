import { describe, expect, it } from 'vitest';
import type { NamedAdvisory, PolicyDemand } from '../../protocol/messages';
import { demandText } from './demand';

const advisory: NamedAdvisory = { document: 'd', revision: 1, publisher: 'CERT', tracking: 'CIAD-1', title: 'Lobbies' };
const hidden: PolicyDemand = { control: 'MEET.CHAT.SAFE', value: 'hosts' };
// Fluent isolates what is put in, so that a name in another direction cannot turn the sentence round.
const plain = (text: string | null) => text?.replace(/[\u2068\u2069]/g, '') ?? null;

describe('who demands a control', () => {
  it('an advisory is named by its tracking id or title, and its publisher', () => {
    expect(plain(demandText([{ ...hidden, advisory }], 'MEET.CHAT.SAFE'))).toContain('CIAD-1 of CERT');
    const { tracking: _, ...untracked } = advisory;
    expect(plain(demandText([{ ...hidden, advisory: untracked }], 'MEET.CHAT.SAFE'))).toContain('Lobbies of CERT');
  });

  it('one that is not for everybody is not named, and one that is goes before it', () => {
    expect(demandText([hidden], 'MEET.CHAT.SAFE')).not.toContain('CERT');
    expect(plain(demandText([hidden, { ...hidden, advisory }], 'MEET.CHAT.SAFE'))).toContain('CIAD-1');
  });

  it('nothing is said of what no advisory demands', () => {
    expect(demandText([hidden], 'MEET.SHARE.HOST')).toBeNull();
    expect(demandText([], 'MEET.CHAT.SAFE')).toBeNull();
  });
});
