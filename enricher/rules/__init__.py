"""Tables that people maintain and the steps decide by: bot rules, and the places clicks come from."""
