"""Sales methods: the stages an opportunity goes through, and what each stage asks for."""
