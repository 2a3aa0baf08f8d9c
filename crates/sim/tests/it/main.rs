//! Whole meetings in virtual time: what must hold, and chance trying to break it.

mod chaos;
mod malice_schedules;
mod meetings;
