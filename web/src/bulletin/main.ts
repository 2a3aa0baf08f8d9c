import { mount } from 'svelte';
import '../ui/base.css';
import '../admin/table.css';
import './print.css';
import { atItsName } from '../admin/address';
import Bulletin from './Bulletin.svelte';
import { languageFor, speak } from './strings/text';

const target = document.getElementById('app');
if (!target) throw new Error('bulletin.html has no #app');
// A passkey belongs to a name, and this machine's is `localhost`.
const named = atItsName(location.href);
if (named) location.replace(named);
else {
  const language = languageFor(navigator.languages);
  speak(language);
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.direction;
  mount(Bulletin, { target });
}
