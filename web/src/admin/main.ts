import { mount } from 'svelte';
import '../ui/base.css';
import './table.css';
import Admin from './Admin.svelte';
import { atItsName } from './address';

const target = document.getElementById('app');
if (!target) throw new Error('admin.html has no #app');
// A passkey belongs to a name, and this machine's is `localhost`.
const named = atItsName(location.href);
if (named) location.replace(named);
else mount(Admin, { target });
