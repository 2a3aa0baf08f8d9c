import { describe, expect, it } from 'vitest';
import type { BulletinRole, Revision, RevisionStage } from '../../protocol/messages';
import { offers } from './steps';

const at = (...stages: RevisionStage[]) => ({
  withdrawn: false,
  revisions: stages.map((stage) => ({ stage }) as Revision),
});
const everybody: BulletinRole[] = ['author', 'reviewer', 'publisher', 'administrator', 'member', 'auditor'];

describe('what is offered next', () => {
  it('each stage offers what follows on it, by role', () => {
    expect(offers(at('draft'), ['author'], null)).toEqual(['submit', 'edit']);
    expect(offers(at('draft'), ['reviewer'], null)).toEqual([]);
    expect(offers(at('review'), ['reviewer'], 'final')).toEqual(['approve', 'return']);
    expect(offers(at('review'), ['author'], 'final')).toEqual(['return']);
    expect(offers(at('approved'), ['publisher'], 'final')).toEqual(['publish_final', 'return']);
    expect(offers(at('approved'), ['publisher'], 'interim')).toEqual(['publish_interim', 'return']);
    expect(offers(at('final'), ['author'], 'final')).toEqual(['begin']);
    expect(offers(at('final'), ['administrator'], 'final')).toEqual(['withdraw']);
  });

  it('who only reads is offered nothing, and what is withdrawn offers nothing', () => {
    for (const stage of ['draft', 'review', 'approved', 'interim', 'final'] as const) {
      expect(offers(at(stage), ['member', 'auditor'], 'final')).toEqual([]);
      expect(offers({ ...at(stage), withdrawn: true }, everybody, 'final')).toEqual([]);
    }
  });

  it('a document that was published can be withdrawn while another revision is in work', () => {
    expect(offers(at('review', 'final'), ['publisher'], 'final')).toEqual(['return', 'withdraw']);
    expect(offers(at('review'), ['publisher'], 'final')).toEqual(['return']);
  });
});
